"""After detection: who is affected, what to do about it, whom to tell, and which other systems to warn."""
