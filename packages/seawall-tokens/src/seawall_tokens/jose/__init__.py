"""What every user of JSON Web Tokens and Keys needs: strict decoding, keys, their fitness, fetching them safely."""
