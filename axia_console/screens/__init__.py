"""The pages: each reads, calls one service or action, and draws. What a page shows is decided in pure modules."""
