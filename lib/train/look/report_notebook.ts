/** A bug report as a notebook: what was run, what went wrong, and cells that make it go wrong again. */

/** A cell of a report. */
export interface ReportCell {
  readonly kind: "markdown" | "code";
  readonly source: string;
  /** The error that the cell is there to throw. */
  readonly throws?: { readonly name: string; readonly message: string };
}

/** What a report is about. */
export interface ReportFacts {
  /** What the notebook imports: the URL or relative path of `mod.ts`. */
  readonly module: string;
  readonly title: string;
  /** What the run was: settings, versions, device. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Files beside the notebook. */
  readonly step: { readonly file: string; readonly program: string; readonly iteration: number } | null;
  /** The checkpoint to start from, `null` for the beginning; and the iteration to reach. */
  readonly iterations: { readonly checkpoint: string | null; readonly until: number };
  readonly error: { readonly name: string; readonly message: string } | null;
}

const markdown = (source: string): ReportCell => ({ kind: "markdown", source });
const code = (source: string, throws?: ReportCell["throws"]): ReportCell => ({
  kind: "code",
  source,
  ...(throws ? { throws } : {}),
});

function imports(names: readonly string[], module: string): string {
  return `import { ${names.join(", ")} } from ${JSON.stringify(module)};`;
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** The cells that replay one step from what it was given. */
function stepCells({ step, error }: ReportFacts): ReportCell[] {
  const { file, program, iteration } = step!;
  return [
    markdown(
      `## The step\n\nIt is a step of \`${program}\` in iteration ${iteration}. \`${file}\` holds what it was given: its ` +
        "arguments, parameters, optimiser state and random key, as they were before it.",
    ),
    code(`const step = readStep(${JSON.stringify(file)});\nstep.table();`),
    markdown("## The same error again"),
    code(
      "const trainer = await createTrainer(configuration);\nawait trainer.replay(step.program, step.tensors);",
      error!,
    ),
  ];
}

/** The cells that repeat an iteration from a checkpoint. */
function iterationCells({ iterations: { checkpoint, until }, error }: ReportFacts): ReportCell[] {
  const from = checkpoint === null ? "from the beginning" : `from \`${checkpoint}\``;
  const restore = checkpoint === null
    ? []
    : [`await trainer.restore(readStep(${JSON.stringify(checkpoint)}).tensors);`];
  const repeat = [
    "let metrics = {};",
    `while (trainer.iteration < ${until}) metrics = await trainer.iterate();`,
    "metrics;",
  ];
  return [
    markdown(
      `## The iteration again\n\nUp to iteration ${until}, ${from}. The numbers are those of the run, bit for bit.`,
    ),
    code(["const trainer = await createTrainer(configuration);", ...restore].join("\n")),
    code(repeat.join("\n"), error ?? undefined),
  ];
}

/** The cells of a report about a run. */
export function reportCells(facts: ReportFacts): ReportCell[] {
  const { module, title, configuration, manifest, error, step } = facts;
  const told = error ? `\n\n\`\`\`text\n${error.message}\n\`\`\`` : "";
  return [
    markdown(`# ${title}${told}`),
    markdown(
      "Run the cells from top to bottom with Deno's kernel: `deno jupyter --install`, then open this file in Jupyter. " +
        "The next cell says what the run was, and how this machine differs.",
    ),
    code([
      imports(["createTrainer", "differences", "readStep"], module),
      "",
      `const manifest = ${json(manifest)};`,
      `const configuration = ${json(configuration)} as const;`,
      "await differences(manifest);",
    ].join("\n")),
    ...(step && error ? stepCells(facts) : iterationCells(facts)),
    markdown("## What I expected\n\n"),
  ];
}

/** The cells of an empty report. */
export function emptyReportCells(module: string, title: string): ReportCell[] {
  return [
    markdown(`# ${title}`),
    markdown("## What happens, and what I expected\n\n"),
    code(`${imports(["surroundings"], module)}\n\nawait surroundings();`),
    markdown("## The smallest program that shows it"),
    code(`${imports(["tensor"], module)}\n\nawait tensor([1, 2, 3]).sum().item();`),
  ];
}

function lines(text: string): string[] {
  return text.match(/.*\n|.+$/g) ?? [];
}

/** The notebook, nbformat 4.5. */
export function encodeNotebook(cells: readonly ReportCell[]): string {
  const encoded = cells.map(({ kind, source, throws }, i) => ({
    cell_type: kind,
    id: `cell-${i}`,
    metadata: throws ? { tags: ["raises-exception"] } : {},
    source: lines(source),
    ...(kind === "code" ? { execution_count: null, outputs: throws ? [errorOutput(throws)] : [] } : {}),
  }));
  const metadata = {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
  };
  return `${JSON.stringify({ cells: encoded, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

function errorOutput({ name, message }: NonNullable<ReportCell["throws"]>): unknown {
  return { output_type: "error", ename: name, evalue: message, traceback: message.split("\n") };
}
