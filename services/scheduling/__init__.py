"""Time: availability, booking, the waitlist and the flow of visits."""
