"""Little worlds in which people move and carry things: stories, questions, and readers of them."""
