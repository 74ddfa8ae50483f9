"""Reports for the browser: what a run, or many, came to, each subject in a module of its own.

A subject's module takes `reading.Group`s, so that one run and the seeds of many variants are shown
by the same code; `single` and `many` put the pages together.
"""
