"""Make organisations with staged attacks, and measure detection on them."""
