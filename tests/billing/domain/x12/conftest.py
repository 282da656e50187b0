"""The sample files are outside of the repository; their tests are collected only where they are."""

import os

collect_ignore = [] if os.environ.get("POLYCLINIC_SAMPLE_DATA") else ["test_samples.py"]
