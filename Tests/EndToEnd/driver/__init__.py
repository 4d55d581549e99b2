# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests drive: the real binary, the wire, stock clients, foreign judges of tokens."""
