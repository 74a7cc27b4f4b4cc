"""What is known of the API by reading documents: tables, a judge, and the media that they speak of."""
