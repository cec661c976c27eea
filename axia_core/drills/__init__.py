"""Drills: what recovery would have to do, held on scratch resources beside production, and timed."""
