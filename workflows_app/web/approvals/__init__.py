"""What people are asked: the inbox, one question with its form, and deciding it, alone or with others like it."""
