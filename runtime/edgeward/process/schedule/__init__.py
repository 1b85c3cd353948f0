"""Whether every task meets every deadline, in whole nanoseconds: proven before a task may run."""
