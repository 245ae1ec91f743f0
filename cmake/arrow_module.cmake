# The shared module that holds everything that uses Apache Arrow (batch/arrow_module).
