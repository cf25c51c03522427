"""A story told by the AWS CLI that this Python has, its outcomes as JSON: `tell.py URL MODULE.STORY`."""

import importlib
import json
import sys

import callers
import steps

module, story = sys.argv[2].split(".")
story = getattr(importlib.import_module(f"stories.{module}"), story)
outcomes = [outcome for _, outcome in steps.run(story, callers.Cli(sys.argv[1]))]
json.dump(outcomes, sys.stdout)
