"""The cloud engine: collect once, evaluate every benchmark. Plain Python."""
