"""The main job in parts: candidates timed, a few selected, trained by successive halving, the winner delivered."""
