"""The echo on SimPy: clients, round trips and a seed in, seconds out. Starting Python and building the world are left out."""

import random
import sys
import time

import simpy

clients, trips, seed = (int(argument) for argument in sys.argv[1:])
env = simpy.Environment()
draws = random.Random(seed)


def send(inbox, message):
    """A wire: the delay is fixed when a message is sent."""
    arrival = env.timeout(draws.uniform(0.001, 0.010), message)
    arrival.callbacks.append(lambda event: inbox.put(event.value))


def server(requests, replies):
    while True:
        send(replies, (yield requests.get()))


def client(requests, replies):
    for trip in range(trips):
        send(requests, trip)
        yield replies.get()


for _ in range(clients):
    requests, replies = simpy.Store(env), simpy.Store(env)
    env.process(server(requests, replies))
    env.process(client(requests, replies))
start = time.perf_counter()
env.run()
print(time.perf_counter() - start)
