"""Try, with, for and else."""


class Held:
    def __enter__(self):
        return 5

    def __exit__(self, *how):
        return False


def main():
    out = []
    with Held() as five:
        out.append(five)
    for i in range(2):
        out.append(i)
    else:
        out.append("else")
    try:
        int("x")
    except ValueError:
        out.append("bad")
    finally:
        out.append("end")
    return out
