"""`python -m zaffre` is `zaffre`."""

from zaffre.cli.main import main

if __name__ == "__main__":
    main()
