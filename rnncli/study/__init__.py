"""What a student asks of a cell, a config or a trained run: one study a file."""
