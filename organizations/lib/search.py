"""What somebody searches for, bounded: databases give up on patterns that are too long."""

MOST_WORDS, LONGEST_WORD = 10, 100


def words_in(text: str) -> list[str]:
    """Return the words of ``text``, ten at most, each cut to a hundred letters, without null characters."""
    return [word[:LONGEST_WORD] for word in text.replace("\0", "").split()[:MOST_WORDS]]
