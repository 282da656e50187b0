"""Video visits: the room that patients, guests and clinicians meet in, and the staff's pages of who was in it.

It holds no rule of its own.
"""
