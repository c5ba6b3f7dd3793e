"""Token lineage: was the token that was used ever issued to anybody?"""
