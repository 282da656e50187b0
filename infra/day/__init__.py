"""One clinic day, driven from outside: public REST, simulated business time, proof by SQL of its own."""
