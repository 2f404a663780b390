"""The background jobs of compliance, by name."""

from organizations.queue import Job

RUN_SCANS = Job("compliance.run_scans")
SWEEP_SCANS = Job("compliance.sweep_scans")
TICK = Job("compliance.tick")
MAKE_PDF = Job("compliance.make_pdf")
RECONCILE_STREAMS = Job("compliance.reconcile_streams")
ROLL_UP = Job("compliance.roll_up")
COMPACT = Job("compliance.compact")
TEND_WAIVERS = Job("compliance.tend_waivers")
