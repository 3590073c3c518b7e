"""`python -m tests.faults`: every fault, to every program; rewrites docs/reliability.md."""

import sys

from tests.faults.page import main

sys.exit(main(sys.argv[1:]))
