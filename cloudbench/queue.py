"""The background jobs of cloudbench, by name."""

from organizations.queue import Job

RUN_BENCHMARKS = Job("cloudbench.run_benchmarks")
SWEEP_SNAPSHOTS = Job("cloudbench.sweep_snapshots")
TICK_SCHEDULES = Job("cloudbench.tick_schedules")
PRUNE = Job("cloudbench.prune")
MAKE_REPORT = Job("cloudbench.make_report")
