"""Tests of the simulators of outside parties."""
