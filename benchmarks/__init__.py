"""What the performance claims are measured with; see docs/performance.md."""
