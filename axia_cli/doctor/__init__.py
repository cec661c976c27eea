"""What `axia doctor` looks at: one file per subject, each with the facts it reads and how they are judged.

`readings` is where facts come from, `checklist` puts all together; a judgement takes facts and calls nothing.
"""
