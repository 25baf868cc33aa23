"""What the service reports about provisioning: the status of jobs and the provisioning log, judged. Pure.

`times` reads Graph's times, `job_status` the status of a synchronization job, `log_events` the entries of the
provisioning log, `log_summary` counts and groups them. `causes` explains reasons and error codes.
`contacts` judges owners and recipients of emails, `adoption` says what is left to do after an export of all applications.
"""
