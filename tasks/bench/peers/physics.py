"""Physics that PyTorch and JAX step: functions of their arrays, by the module of functions that is given.

`m` is torch or jax.numpy. The same laws are in tasks/bench/cases/drives.ts.
"""

SPEED, STEP = 10.0, 0.01
MASS, INERTIA, FRONT, REAR, HEIGHT = 1093.0, 1791.0, 1.156, 1.422, 0.574
STIFFNESS, FRICTION, GRAVITY, TURNING, PUSHING = 20.898, 1.0489, 9.81, 0.4, 11.5


def car_start(m, envs):
    """x, y, steering angle, speed, heading, yaw rate, slip angle; [env] each."""
    zero = m.zeros(envs)
    return (zero, zero, zero, m.full((envs,), SPEED), zero, zero, zero)


def car_step(m, state, steer, push):
    """A single-track car (CommonRoad's ST, its dynamic law) goes on by an explicit Euler step; also the cost."""
    x, y, angle, speed, heading, yaw, slip = state
    turning, pushing = m.tanh(steer) * TURNING, m.tanh(push) * PUSHING
    share = STIFFNESS * FRICTION / (FRONT + REAR)
    swing = yaw / speed
    front = (REAR * GRAVITY - HEIGHT * pushing) * share * (angle - slip - FRONT * swing)
    rear = (FRONT * GRAVITY + HEIGHT * pushing) * share * (REAR * swing - slip)
    course = heading + slip
    y, faster = y + speed * m.sin(course) * STEP, speed + pushing * STEP
    after = (
        x + speed * m.cos(course) * STEP,
        y,
        angle + turning * STEP,
        faster,
        heading + yaw * STEP,
        yaw + (FRONT * front - REAR * rear) * (MASS / INERTIA * STEP),
        slip + ((front + rear) / speed - yaw) * STEP,
    )
    return after, (y * y + (faster - SPEED) ** 2).mean()


def mass_start(m, envs):
    """Place and speed, [env] of each axis."""
    return tuple(m.zeros(envs) for _ in range(4))


def mass_step(m, state, east, north):
    """A point mass with drag, semi-implicit Euler; also the cost."""
    x, y, u, v = state
    u, v = u + (east - 0.1 * u) * STEP, v + (north - 0.1 * v) * STEP
    x, y = x + u * STEP, y + v * STEP
    return (x, y, u, v), ((x - 1) ** 2 + (y - 1) ** 2).mean()


DRIVES = {"car": (car_start, car_step), "point mass": (mass_start, mass_step)}


def operations(m, x, floor):
    """300 operations in a row, element by element."""
    y = x
    for _ in range(100):
        y = m.maximum(y * x + 0.5, floor)
    return y
