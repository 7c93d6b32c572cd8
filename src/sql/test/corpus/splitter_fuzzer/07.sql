SELECT * FROM t TO /* c */ TRAIN größe -- x
 LABEL y INTO z; SELECT ';' ;