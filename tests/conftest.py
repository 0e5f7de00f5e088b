"""Every test plays on one thread, as the workers do: results are promised bit for bit per thread count, and it is faster."""

import torch

torch.set_num_threads(1)
