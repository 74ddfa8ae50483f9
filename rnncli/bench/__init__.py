"""`rnn bench`: this program's training and prediction against what a user would write instead."""
