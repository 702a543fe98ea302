"""The core broken on purpose, one place at a time: which breaks does no test notice?"""
