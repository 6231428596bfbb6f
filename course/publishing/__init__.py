"""What the maintainer of the course needs: run notebooks, write copies and tables."""
