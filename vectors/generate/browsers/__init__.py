"""What `observe_browser.py` is made of: the cases, the application that answers, and one driver for each browser."""
