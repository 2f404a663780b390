"""Template tags of the shared design system; docs/design-system.md shows each."""
