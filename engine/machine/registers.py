"""Where the shared counters and numbers of a run stand: indices that kernels, vm and trainer agree on."""

# the clock (int64)
STEP, MICRO, SAMPLES, SEED, UPDATES = range(5)
CLOCK = 8
# the scalars (float64)
LR, LOSS, NORM, SCALE, LOSS_SUM = range(5)
SCALARS = 8
# the lane (int64), one a shard: its number, how many there are, its first row in the batch, the batch's rows
SHARD, SHARDS, FIRST, BATCH = range(4)
SHARD_INFO = 4

# the phases of a training step, in order
SAMPLE, GRADIENT, COLLECT, COUNT, REGULARIZE, MEASURE, APPLY = range(7)
# why a native call returned
DONE, STOPPED, NOT_FINITE = range(3)
