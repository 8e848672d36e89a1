/** PyTorch's names that are the same here, in camelCase, by its parts: written by tests/package/pytorch_names.ts. */

/** By the parts of PyTorch, apart by spaces, as PyTorch writes them. */
export const sameNames: Readonly<Record<string, string>> = {
  "Tensor": "T abs acos add adjoint all amax amin any arccos arcsin arctan arctan2 argmax argmin argsort asin" +
    " atan atan2 bmm bool broadcast_to ceil cholesky chunk clamp clamp_max clamp_min clip clone contiguous" +
    " cos cosh cumprod cumsum detach diag diag_embed diagflat diagonal dim div divide dot eq erf exp exp2" +
    " expand expand_as expm1 fix flatten flip fliplr float floor floor_divide gather ge ger grad greater" +
    " greater_equal gt int le lerp less less_equal log log10 log1p log2 log_softmax logical_and" +
    " logical_not logical_or logsumexp lt mT masked_fill matmul maximum mean minimum mm movedim mul" +
    " multiply mv narrow ndim ndimension ne neg negative norm not_equal numel outer permute positive pow" +
    " prod reciprocal remainder repeat requires_grad reshape reshape_as roll round rsqrt scatter" +
    " scatter_add select shape sigmoid sign sin sinh softmax sort split split_with_sizes sqrt square" +
    " squeeze std sub subtract sum swapaxes swapdims t take_along_dim tan tanh tile topk trace transpose" +
    " tril triu true_divide trunc unbind unflatten unsqueeze var view view_as where",
  "torch": "cat concat stack hstack vstack where arange linspace eye zeros ones full zeros_like ones_like einsum" +
    " meshgrid no_grad vmap split chunk tile broadcast_to roll",
  "nn.functional": "one_hot conv1d conv2d max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d dropout" +
    " scaled_dot_product_attention relu elu gelu silu leaky_relu softplus softmax log_softmax sigmoid tanh" +
    " cross_entropy nll_loss mse_loss l1_loss huber_loss binary_cross_entropy_with_logits kl_div",
  "nn": "Module Sequential Parameter Linear Identity Flatten Embedding Conv1d Conv2d MaxPool2d AvgPool2d" +
    " AdaptiveAvgPool2d LayerNorm GroupNorm RMSNorm Dropout LSTM GRU MultiheadAttention ReLU GELU SiLU" +
    " Tanh Sigmoid ELU LeakyReLU Softplus Softmax LogSoftmax",
  "nn.utils / init": "orthogonal_",
  "Module methods": "parameters named_parameters state_dict load_state_dict train eval",
  "optim": "Optimizer SGD Adam AdamW RMSprop zero_grad step state_dict load_state_dict",
  "distributions": "Normal MultivariateNormal Bernoulli Categorical Beta Uniform MixtureSameFamily kl_divergence",
  "Distribution methods": "log_prob entropy mean variance stddev mode batch_shape event_shape probs logits",
  "linalg": "norm solve_triangular cholesky",
  "special": "erf",
  "autograd / func": "backward grad vjp jvp vmap hvp checkpoint gradcheck",
};
