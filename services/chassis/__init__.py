"""The chassis: mechanisms that every service shares. Not one domain word in it."""
