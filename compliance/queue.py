"""The background jobs of compliance, by name."""

from organizations.queue import Job

RUN_SCANS = Job("compliance.run_scans")
SWEEP_SCANS = Job("compliance.sweep_scans")
TICK = Job("compliance.tick")
MAKE_PDF = Job("compliance.make_pdf")
MAKE_COMPLIANCE_REPORT = Job("compliance.make_compliance_report")
RECONCILE_STREAMS = Job("compliance.reconcile_streams")
ROLL_UP = Job("compliance.roll_up")
COMPACT = Job("compliance.compact")
PREVIEW = Job("compliance.preview_templates")
SWEEP_PREVIEWS = Job("compliance.sweep_previews")
TEND_WAIVERS = Job("compliance.tend_waivers")
PRUNE = Job("compliance.prune")
SWEEP_BLOBS = Job("compliance.sweep_blobs")
TEND_PROVISIONING = Job("compliance.tend_provisioning")
TICK_PROVISIONING = Job("compliance.tick_provisioning")
