"""Access patterns: what applications ask, what that may cost, and whether a server's plan keeps to it."""

from __future__ import annotations

from schematool.core.patterns.model import Pattern, Plan, PlanNode, Proof, Size, State
from schematool.core.patterns.read import read_patterns

__all__ = ["Pattern", "Plan", "PlanNode", "Proof", "Size", "State", "read_patterns"]
