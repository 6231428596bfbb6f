MISTAKES = [
    ("sigmoid", "0.5 * (1 + np.tanh(x / 2))", "np.tanh(x)"),
    ("sigmoid", "x / 2", "x"),
    ("sigmoid", None, "return 1 / (1 + np.exp(-x))", "overflow"),
    ("sigmoid", "x / 2))", "x / 2))[0]", "shape"),
]
