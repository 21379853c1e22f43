// The library that owns the precompiled header of the tests has nothing else to say.
