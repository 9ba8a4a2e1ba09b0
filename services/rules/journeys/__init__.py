"""Around the trip solver: the question a person asks, its address, the offers it is answered from, and the steps an answer comes to."""
