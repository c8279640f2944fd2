"""From records to figures to one self-contained page."""
