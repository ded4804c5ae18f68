"""Many comparisons at once: which of them are more than chance."""

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The q-values of p-values, in their order.

    Of the comparisons with a q-value up to 0.1, at most a tenth is expected to be chance. Source:
    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, J. R. Statist. Soc. B 57
    (1995), 289-300; as q-values: J. D. Storey, J. R. Statist. Soc. B 64 (2002), 479-498. It holds
    for independent comparisons and for those that rise together, as failures of one CI do
    (Benjamini and Yekutieli 2001).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    q_values = [1.0] * len(p_values)
    least = 1.0
    for position, index in enumerate(order):
        rank = len(p_values) - position
        least = min(least, p_values[index] * len(p_values) / rank)
        q_values[index] = least
    return q_values
