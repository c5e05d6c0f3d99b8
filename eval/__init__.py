"""The golden questions, their metrics, and public benchmarks by the same machinery."""
