"""Read-only output: plans, reviews, explanations and the HTML report."""
