"""The tests about themselves."""
import os
import pathlib
import unittest


class Cases(unittest.TestCase):
    def test_every_case_is_a_test(self):
        """CMake finds the cases by reading the files; Python knows which there are."""
        def names(suite):
            for entry in suite:
                if isinstance(entry, unittest.TestSuite):
                    yield from names(entry)
                else:
                    yield entry.id()

        here = pathlib.Path(__file__).parent
        loader = unittest.TestLoader()
        found = sorted(names(loader.discover(str(here), pattern="*_test.py")))
        self.assertEqual(loader.errors, [])
        listed = pathlib.Path(os.environ["LIVEPATCHD_BUS_CASES"]).read_text().split()
        self.assertEqual(found, sorted(listed))
